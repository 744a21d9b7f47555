<?php
// What of WordPress and WooCommerce the plugin calls, each request on its own as there: orders and jobs are files.
define('ABSPATH', __DIR__ . '/');

$hooks = [];

function add_action($hook, $callback, $priority = 10, $arguments = 1)
{
    $GLOBALS['hooks'][$hook][$priority][] = [$callback, $arguments];
}

function do_action($hook, ...$values)
{
    $callbacks = $GLOBALS['hooks'][$hook] ?? [];
    ksort($callbacks);
    foreach (array_merge(...$callbacks) as [$callback, $arguments]) {
        $callback(...array_slice($values, 0, $arguments));
    }
}

function is_ssl()
{
    return false;
}

function nocache_headers()
{
    header('Cache-Control: no-cache, must-revalidate, max-age=0, no-store, private');
}

class WP_Error
{
    private $message;

    public function __construct($code, $message)
    {
        $this->message = "$code: $message";
    }

    public function get_error_message()
    {
        return $this->message;
    }
}

function is_wp_error($value)
{
    return $value instanceof WP_Error;
}

function wp_remote_post($url, $arguments)
{
    $settings = ['method' => 'POST', 'timeout' => $arguments['timeout'], 'ignore_errors' => true, 'header' => 'Content-Length: 0'];
    $stream = @fopen($url, 'r', false, stream_context_create(['http' => $settings]));
    if (!$stream) {
        return new WP_Error('http_request_failed', 'Could not connect to server');
    }
    $status = explode(' ', stream_get_meta_data($stream)['wrapper_data'][0])[1];
    return ['response' => ['code' => (int) $status], 'body' => stream_get_contents($stream)];
}

function wp_remote_retrieve_response_code($answer)
{
    return $answer['response']['code'];
}

function wp_remote_retrieve_body($answer)
{
    return $answer['body'];
}

function wc_get_logger()
{
    return new class {
        public function error($message, $context)
        {
            error_log("$context[source]: $message");
        }
    };
}

class WC_Order
{
    private $file;
    private $data;

    public function __construct($file)
    {
        $this->file = $file;
        $this->data = json_decode(file_get_contents($file), true);
    }

    public function get_id()
    {
        return $this->data['id'];
    }

    public function get_total()
    {
        return $this->data['total'];
    }

    public function get_total_tax()
    {
        return $this->data['total_tax'];
    }

    public function get_shipping_total()
    {
        return $this->data['shipping_total'];
    }

    public function get_currency()
    {
        return $this->data['currency'];
    }

    public function get_date_created()
    {
        return new DateTime($this->data['date_created_gmt'], new DateTimeZone('UTC'));
    }

    public function get_meta($key)
    {
        $found = array_filter($this->data['meta_data'], fn($entry) => $entry['key'] === $key);
        return $found ? end($found)['value'] : '';
    }

    public function update_meta_data($key, $value)
    {
        $others = array_filter($this->data['meta_data'], fn($entry) => $entry['key'] !== $key);
        $this->data['meta_data'] = [...$others, compact('key', 'value')];
    }

    public function save_meta_data()
    {
        $this->save();
    }

    public function save()
    {
        file_put_contents($this->file, json_encode($this->data));
    }
}

function wc_get_order($id)
{
    $file = __DIR__ . "/order-$id.json";
    return is_file($file) ? new WC_Order($file) : false;
}

function jobs()
{
    return is_file(__DIR__ . '/jobs.json') ? json_decode(file_get_contents(__DIR__ . '/jobs.json'), true) : [];
}

function as_schedule_single_action($timestamp, $hook, $arguments, $group)
{
    $jobs = [...jobs(), compact('timestamp', 'hook', 'arguments', 'group')];
    file_put_contents(__DIR__ . '/jobs.json', json_encode($jobs));
}

function as_enqueue_async_action($hook, $arguments, $group)
{
    as_schedule_single_action(0, $hook, $arguments, $group);
}

function as_has_scheduled_action($hook, $arguments, $group)
{
    $same = fn($job) => [$job['hook'], $job['arguments'], $job['group']] === [$hook, $arguments, $group];
    return array_filter(jobs(), $same) !== [];
}

require __DIR__ . '/tallystick-woocommerce.php';
do_action('before_woocommerce_init');
do_action('init');
$id = $_GET['order'] ?? '';
switch (parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH)) {
    case '/checkout':
        $order = wc_get_order($id);
        do_action('woocommerce_checkout_create_order', $order, []);
        $order->save();
        break;
    case '/block-checkout':
        do_action('woocommerce_store_api_checkout_update_order_meta', wc_get_order($id));
        break;
    case '/paid':
        do_action('woocommerce_order_status_processing', $id, wc_get_order($id));
        do_action('woocommerce_payment_complete', $id, '');
        break;
    case '/completed':
        do_action('woocommerce_order_status_completed', $id, wc_get_order($id));
        break;
    case '/jobs': // runs those that are due, and says how long those wait that came of it
        $due = jobs();
        file_put_contents(__DIR__ . '/jobs.json', '[]');
        foreach ($due as $job) {
            do_action($job['hook'], ...$job['arguments']);
        }
        exit(json_encode(array_map(fn($job) => [$job['arguments'], $job['timestamp'] - time()], jobs())));
}
echo 'a page';
