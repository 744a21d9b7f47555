<?php
// tallystick-send.php: reports the queued orders, signed. Let cron run it every minute as the web server's user, with
// TALLYSTICK_SECRET and TALLYSTICK_QUEUE (the queue's folder, outside of what the web server serves) set in the crontab:
//   * * * * * php /srv/shop/tallystick-send.php
declare(strict_types=1);

const TALLYSTICK_TIMEOUT_SECONDS = 5;
const TALLYSTICK_FAILURES = 5;

[$secret, $queue] = [getenv('TALLYSTICK_SECRET'), getenv('TALLYSTICK_QUEUE')];
if (!$secret || !$queue) {
    fwrite(STDERR, "tallystick: TALLYSTICK_SECRET and TALLYSTICK_QUEUE must be set\n");
    exit(2);
}
$lock = fopen("$queue/lock", 'c');
if (!$lock || !flock($lock, LOCK_EX | LOCK_NB)) {
    exit(0); // the run before is still at it
}
$failed = 0;
foreach (glob("$queue/*.json") ?: [] as $file) {
    $order = json_decode((string) file_get_contents($file), true);
    [$status, $answer] = is_array($order) ? tallystick_report($order, $secret) : [400, 'no order is in it'];
    if ($status >= 200 && $status < 300) {
        unlink($file);
        continue;
    }
    fwrite(STDERR, "tallystick: $file: $status $answer\n");
    if ($status === 0 || $status === 429 || $status >= 500) {
        if (++$failed === TALLYSTICK_FAILURES) {
            exit(1); // the network is away: everything left waits for the next minute
        }
        continue;
    }
    // Refused, and would be again. What is wrong stands in the answer; renamed back to .json it is sent once more.
    rename($file, "$file.refused");
}
exit($failed > 0 ? 1 : 0);

/** Status and answer; status 0 where there was none. */
function tallystick_report(array $order, string $secret): array
{
    $fields = [
        'campaign' => '{campaign}',
        'click_id' => $order['click_id'],
        'order_id' => $order['order_id'],
        'event' => '{event}',
        'amount' => $order['amount'],
        'currency' => $order['currency'],
    ];
    $now = time();
    // The same in every try. The end of that second, since the click may have been in it.
    $fields['occurred_at'] = gmdate('Y-m-d\TH:i:s', $order['queued_at']) . '.999Z';
    $query = http_build_query($fields + ['ts' => $now], '', '&', PHP_QUERY_RFC3986);
    $signed = implode("\n", [$now, 'GET', '/postback', $query, hash('sha256', '')]);
    $url = "{base}/postback?$query&sig=" . hash_hmac('sha256', $signed, $secret);
    $settings = ['timeout' => TALLYSTICK_TIMEOUT_SECONDS, 'ignore_errors' => true, 'follow_location' => 0];
    $stream = @fopen($url, 'r', false, stream_context_create(['http' => $settings]));
    if (!$stream) {
        return [0, 'no answer'];
    }
    $answer = (string) stream_get_contents($stream, 2000);
    $head = (string) (stream_get_meta_data($stream)['wrapper_data'][0] ?? '');
    return [preg_match('~^HTTP/\S+ (\d{3})~', $head, $found) ? (int) $found[1] : 0, $answer];
}
