<?php
$table_prefix = 'wp_';
define('DB_NAME', 'a');
define('DB_PASSWORD', 'sec