<?php
// A page of a shop that keeps click ids.
require __DIR__ . '/tallystick.php';
echo 'a page';
