curl --fail-with-body --silent --show-error "$HOLDFAST_URL/v1/publish" \
  --header "Authorization: Bearer $HOLDFAST_API_KEY" \
  --header "Idempotency-Key: order-1042-shipped" \
  --json '{"channel": "chat/orders", "data": {"order": 1042, "state": "shipped"}}'
