<?php
// A page of a shop that has just stored an order, and goes on as its recipe says.
$order = ['id' => $_GET['order_id'], 'amount' => '49.90', 'currency' => 'EUR'];
require __DIR__ . '/order.php';
echo 'thank you';
