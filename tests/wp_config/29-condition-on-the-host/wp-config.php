<?php
$table_prefix = 'wp_';
define('DB_PASSWORD', 'certain');
if ($_SERVER['HTTP_HOST'] === 'staging.example') {
    define('DB_NAME', 'staging');
    define('WP_DEBUG', true);
    define('DB_PASSWORD', 'too late');
} elseif (strpos($_SERVER['HTTP_HOST'], 'dev') === 0) {
    define('DB_USER', 'dev');
} else if (PHP_SAPI === 'cli') {
    define('DB_NAME', 'cli');
} else {
    define('DB_HOST', 'live');
    define('DB_NAME', 'live');
    $table_prefix = 'live_';
}
define('WP_DEBUG', false);
