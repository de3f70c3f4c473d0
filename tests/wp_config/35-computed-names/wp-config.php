<?php
define('DB_NAME', 'before');
foreach (['DB_USER' => 'x', 'DB_HOST' => 'y'] as $name => $value) {
    define($name, $value);
}
define('DB_USER', 'after');
$table_prefix = 'wp_';
