<?php
$table_prefix = 'wp_';
require_once __DIR__ . '/wp-config-local.php';
$config = require('conf/deep.php');
(include './conf/relative.php') or die('x');
@include_once('/etc/wordpress/secrets.php');
if (file_exists(__DIR__ . '/missing.php')) { require __DIR__ . '/missing.php'; }
define('E', 'once');
define('DB_NAME', 'main');
define('A', 'second');
