<?php
$messages = [
    ['channel' => 'chat/orders', 'data' => ['order' => 1042, 'state' => 'delivered']],
    ['channel' => 'chat/lobby', 'data' => 'The night shift begins.'],
];
$context = stream_context_create(['http' => [
    'method' => 'POST',
    'header' => [
        'Authorization: Bearer ' . getenv('HOLDFAST_API_KEY'),
        'Content-Type: application/json',
        'Idempotency-Key: night-shift-7',
    ],
    'content' => json_encode(['messages' => $messages]),
    'ignore_errors' => true,
]]);
$answer = json_decode(file_get_contents(getenv('HOLDFAST_URL') . '/v1/batch', false, $context), true);
foreach ($answer['results'] ?? exit($answer['detail']) as $result) {
    echo $result['channel'], ' ', $result['error']['detail'] ?? $result['offset'] ?? '', "\n";
}
