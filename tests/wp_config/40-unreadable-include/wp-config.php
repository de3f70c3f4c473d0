<?php
define('DB_NAME', 'before');
$table_prefix = 'wp_';
require '/etc/secret.php';
define('DB_PASSWORD', 'after');
