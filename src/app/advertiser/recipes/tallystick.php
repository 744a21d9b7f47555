<?php
// tallystick.php: keeps the click ids of a browser, and queues orders until tallystick-send.php reports them.
// Require it on every page where visitors land, before anything is printed.
declare(strict_types=1);

const TALLYSTICK_COOKIE = 'ts_{campaign}';
const TALLYSTICK_SECONDS = {seconds};
const TALLYSTICK_YEAR_2020 = 1577836800;

tallystick_capture();

/** A landing brings a click id: it goes into a cookie, by HTTP header. */
function tallystick_capture(): void
{
    $given = $_GET['{parameter}'] ?? '';
    $given = is_string($given) ? strtolower($given) : '';
    $kept = tallystick_kept();
    $is_new = tallystick_is_click_id($given) && !in_array($given, $kept, true);
    if (!$is_new || tallystick_is_ahead($given) || headers_sent()) {
        return;
    }
    $_COOKIE[TALLYSTICK_COOKIE] = implode('.', tallystick_choose([$given, ...$kept]));
    setcookie(TALLYSTICK_COOKIE, $_COOKIE[TALLYSTICK_COOKIE], [
        'expires' => time() + TALLYSTICK_SECONDS,
        'path' => '/',
        'secure' => ($_SERVER['HTTPS'] ?? 'off') !== 'off',
        'samesite' => 'Lax',
    ]);
    // No cache in front may keep a page with somebody's cookie.
    header('Cache-Control: no-store, private');
}

/**
 * Queues an order of this browser. The amount is a decimal text without tax and shipping, as in 49.90.
 * It only writes a file, and a failure is logged: no order waits for it.
 */
function tallystick_queue(string $order_id, string $amount, string $currency): void
{
    $click_id = implode('.', tallystick_choose(tallystick_kept()));
    if ($click_id === '') {
        return; // nobody's order
    }
    $order = compact('click_id', 'order_id', 'amount', 'currency') + ['queued_at' => time()];
    $file = getenv('TALLYSTICK_QUEUE') . '/' . hash('sha256', $order_id) . '.json';
    // Under another name first: the sender never reads half a file.
    $text = json_encode($order, JSON_INVALID_UTF8_SUBSTITUTE);
    $is_written = @file_put_contents("$file.new", $text) === strlen((string) $text);
    if (!$is_written || !@rename("$file.new", $file)) {
        error_log("tallystick: order $order_id with the click id $click_id could not be queued");
    }
}

function tallystick_is_click_id(string $text): bool
{
    return preg_match('/^[0-9a-hjkmnp-tv-z]{44}$/D', $text) === 1;
}

function tallystick_kept(): array
{
    $kept = $_COOKIE[TALLYSTICK_COOKIE] ?? '';
    return is_string($kept) ? array_values(array_filter(explode('.', $kept), 'tallystick_is_click_id')) : [];
}

/** The newest three, and the oldest one that still counts. Ids sort by their time. */
function tallystick_choose(array $ids): array
{
    $ids = array_values(array_unique($ids));
    rsort($ids, SORT_STRING);
    $counts = fn(string $id): bool =>
        tallystick_ms($ids[0]) - tallystick_ms($id) < TALLYSTICK_SECONDS * 1000;
    $older = array_filter(array_slice($ids, 3), $counts);
    return [...array_slice($ids, 0, 3), ...array_slice($older, -1)];
}

/** Of a time to come, but for a day in which clocks may differ: made up, to crowd true ids out. */
function tallystick_is_ahead(string $id): bool
{
    return tallystick_ms($id) > (time() - TALLYSTICK_YEAR_2020 + 86400) * 1000;
}

/** The millisecond since 2020 that an id carries. */
function tallystick_ms(string $id): int
{
    $number = 0;
    foreach (str_split(substr($id, 1, 10)) as $digit) {
        $number = $number * 32 + strpos('0123456789abcdefghjkmnpqrstvwxyz', $digit);
    }
    return ($number >> 4) % 2 ** 43;
}
