curl --fail-with-body --silent --show-error "$HOLDFAST_URL/v1/tokens" \
  --header "Authorization: Bearer $HOLDFAST_API_KEY" \
  --json '{"user": "ada", "channels": {"chat/#": "rw", "inbox/{user}": "r"}, "expires_in": 3600}'
