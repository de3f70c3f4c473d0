<?php
if (is_local()) { include __DIR__ . '/local.php'; }
if (file_exists(dirname(__FILE__) . '/wp-config-local.php')) {
    include dirname(__FILE__) . '/wp-config-local.php';
} else { define('B', 'live'); }
if (file_exists('missing.php')) { include 'missing.php'; } else { define('C', 'else'); }
define('A', 'live');
define('D', 'end');
