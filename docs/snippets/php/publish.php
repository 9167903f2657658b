<?php
$context = stream_context_create(['http' => [
    'method' => 'POST',
    'header' => [
        'Authorization: Bearer ' . getenv('HOLDFAST_API_KEY'),
        'Content-Type: application/json',
        'Idempotency-Key: order-1042-shipped', // sent again, it is stored once
    ],
    'content' => json_encode(['channel' => 'chat/orders', 'data' => ['order' => 1042, 'state' => 'shipped']]),
    'ignore_errors' => true,
]]);
$answer = json_decode(file_get_contents(getenv('HOLDFAST_URL') . '/v1/publish', false, $context), true);
if (!isset($answer['channel'])) {
    exit($answer['detail']);
}
print_r($answer);
