<?php
$context = stream_context_create(['http' => [
    'method' => 'POST',
    'header' => ['Authorization: Bearer ' . getenv('HOLDFAST_API_KEY'), 'Content-Type: application/json'],
    'content' => json_encode(['user' => 'ada', 'channels' => ['chat/#' => 'rw', 'inbox/{user}' => 'r'], 'expires_in' => 3600]),
    'ignore_errors' => true,
]]);
$answer = json_decode(file_get_contents(getenv('HOLDFAST_URL') . '/v1/tokens', false, $context), true);
echo $answer['token'] ?? exit($answer['detail']), "\n"; // for the browser of ada
