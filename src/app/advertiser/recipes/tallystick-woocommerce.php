<?php
/**
 * Plugin Name: Tallystick for WooCommerce
 * Description: Keeps click ids, stores them with the order, and reports the order when it is paid.
 * Version: 1.0.0
 * Requires at least: 6.0
 * Requires PHP: 7.4
 * Requires Plugins: woocommerce
 */

// wp-content/plugins/tallystick-woocommerce.php, then "Activate". The secret of the campaign's signatures goes into the
// environment, or into wp-config.php: define('TALLYSTICK_SECRET', '…');
defined('ABSPATH') || exit;

const TALLYSTICK_COOKIE = 'ts_{campaign}';
const TALLYSTICK_SECONDS = {seconds};
const TALLYSTICK_YEAR_2020 = 1577836800;
const TALLYSTICK_TRIES = 10;

add_action('before_woocommerce_init', function () {
    $features = '\Automattic\WooCommerce\Utilities\FeaturesUtil';
    if (class_exists($features)) {
        $features::declare_compatibility('custom_order_tables', __FILE__, true);
        $features::declare_compatibility('cart_checkout_blocks', __FILE__, true);
    }
});

// A landing brings a click id: it goes into a cookie, by HTTP header.
add_action('init', 'tallystick_capture', 1);

// The order keeps them: from the checkout page, and from the checkout block.
add_action('woocommerce_checkout_create_order', 'tallystick_mark_order');
add_action('woocommerce_store_api_checkout_update_order_meta', function ($order) {
    tallystick_mark_order($order);
    $order->save_meta_data();
});

// Paid: a job is written, and nobody waits for the network. Which of these comes first does not matter.
add_action('woocommerce_payment_complete', 'tallystick_queue');
add_action('woocommerce_order_status_processing', 'tallystick_queue');
add_action('woocommerce_order_status_completed', 'tallystick_queue');
add_action('tallystick_report', 'tallystick_report', 10, 2);

function tallystick_capture(): void
{
    $given = $_GET['{parameter}'] ?? '';
    $given = is_string($given) ? strtolower($given) : '';
    $kept = tallystick_kept();
    $is_new = tallystick_is_click_id($given) && !in_array($given, $kept, true);
    if (!$is_new || tallystick_is_ahead($given) || headers_sent()) {
        return;
    }
    $_COOKIE[TALLYSTICK_COOKIE] = implode('.', tallystick_choose(array_merge([$given], $kept)));
    setcookie(TALLYSTICK_COOKIE, $_COOKIE[TALLYSTICK_COOKIE], [
        'expires' => time() + TALLYSTICK_SECONDS,
        'path' => '/',
        'secure' => is_ssl(),
        'samesite' => 'Lax',
    ]);
    nocache_headers(); // no cache in front may keep a page with somebody's cookie
}

function tallystick_mark_order($order): void
{
    $click_id = implode('.', tallystick_choose(tallystick_kept()));
    if ($click_id !== '') {
        $order->update_meta_data('_tallystick_click_id', $click_id);
    }
}

function tallystick_queue($order_id): void
{
    $order = wc_get_order($order_id);
    if (!$order || !$order->get_meta('_tallystick_click_id') || $order->get_meta('_tallystick_conversion')) {
        return; // nobody's order, or reported before
    }
    $job = [(int) $order->get_id(), 1];
    if (!as_has_scheduled_action('tallystick_report', $job, 'tallystick')) {
        as_enqueue_async_action('tallystick_report', $job, 'tallystick');
    }
}

/** The job: WooCommerce runs it in the background. The network takes a repeated order for the same one. */
function tallystick_report($order_id, $try): void
{
    $order = wc_get_order($order_id);
    if (!$order || $order->get_meta('_tallystick_conversion')) {
        return;
    }
    $answer = wp_remote_post(tallystick_url($order), ['timeout' => 5, 'redirection' => 0]);
    $status = is_wp_error($answer) ? 0 : (int) wp_remote_retrieve_response_code($answer);
    $text = is_wp_error($answer) ? $answer->get_error_message() : wp_remote_retrieve_body($answer);
    if ($status >= 200 && $status < 300) {
        $order->update_meta_data('_tallystick_conversion', json_decode($text, true)['conversion_id'] ?? 'reported');
        $order->save_meta_data();
        return;
    }
    wc_get_logger()->error("Order $order_id, try $try: $status $text", ['source' => 'tallystick']);
    if (($status === 0 || $status === 429 || $status >= 500) && $try < TALLYSTICK_TRIES) {
        // After 1, 2, 4, … minutes: about eight hours in all.
        $at = time() + 60 * 2 ** ($try - 1);
        as_schedule_single_action($at, 'tallystick_report', [(int) $order_id, (int) $try + 1], 'tallystick');
    }
}

/** The signed address of a report: the goods after discounts, without tax and shipping. */
function tallystick_url($order): string
{
    $amount = $order->get_total() - $order->get_total_tax() - $order->get_shipping_total();
    $fields = [
        'campaign' => '{campaign}',
        'click_id' => $order->get_meta('_tallystick_click_id'),
        'order_id' => (string) $order->get_id(),
        'event' => '{event}',
        'amount' => number_format(max(0, $amount), {digits}, '.', ''),
        'currency' => $order->get_currency(),
    ];
    $created = $order->get_date_created()->getTimestamp();
    // The cookie duration is measured up to the order: the end of its second, since the click may have been in it.
    if (time() - $created < 29 * 86400) {
        $fields['occurred_at'] = gmdate('Y-m-d\TH:i:s', $created) . '.999Z';
    }
    $fields['ts'] = time();
    $query = http_build_query($fields, '', '&', PHP_QUERY_RFC3986);
    $signed = implode("\n", [$fields['ts'], 'POST', '/postback', $query, hash('sha256', '')]);
    $secret = defined('TALLYSTICK_SECRET') ? TALLYSTICK_SECRET : (string) getenv('TALLYSTICK_SECRET');
    return "{base}/postback?$query&sig=" . hash_hmac('sha256', $signed, $secret);
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
    $counts = fn($id) => tallystick_ms($ids[0]) - tallystick_ms($id) < TALLYSTICK_SECONDS * 1000;
    $older = array_filter(array_slice($ids, 3), $counts);
    return array_merge(array_slice($ids, 0, 3), array_slice($older, -1));
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
