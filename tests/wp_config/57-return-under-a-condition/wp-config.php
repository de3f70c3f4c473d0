<?php
define('A', 'a');
if (unknown()) { return; }
define('B', 'b');
$table_prefix = 'wp_';
