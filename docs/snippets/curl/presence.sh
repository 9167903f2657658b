curl --fail-with-body --silent --show-error --get "$HOLDFAST_URL/v1/presence" \
  --header "Authorization: Bearer $HOLDFAST_API_KEY" \
  --data-urlencode "channel=chat/lobby"
