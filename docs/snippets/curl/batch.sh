curl --fail-with-body --silent --show-error "$HOLDFAST_URL/v1/batch" \
  --header "Authorization: Bearer $HOLDFAST_API_KEY" \
  --header "Idempotency-Key: night-shift-7" \
  --json '{"messages": [
    {"channel": "chat/orders", "data": {"order": 1042, "state": "delivered"}},
    {"channel": "chat/lobby", "data": "The night shift begins."}
  ]}'
