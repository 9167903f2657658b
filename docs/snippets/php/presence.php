<?php
$context = stream_context_create(['http' => [
    'header' => 'Authorization: Bearer ' . getenv('HOLDFAST_API_KEY'),
    'ignore_errors' => true,
]]);
$url = getenv('HOLDFAST_URL') . '/v1/presence?' . http_build_query(['channel' => 'chat/lobby']);
$answer = json_decode(file_get_contents($url, false, $context), true);
foreach ($answer['users'] ?? exit($answer['detail']) as $user) {
    echo $user['user'] ?? 'somebody', "\n";
}
