<?php
require_once __DIR__ . '/tallystick.php';

// Where the order has just been stored: its id, its amount without tax and shipping, its currency.
tallystick_queue($order['id'], $order['amount'], $order['currency']);
