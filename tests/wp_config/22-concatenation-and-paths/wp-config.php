<?php
define('A', 'a' . "b" . ('c'));
define('B', __DIR__ . '/uploads');
define('C', dirname(__FILE__));
define('D', dirname(__DIR__));
define('E', dirname(__FILE__, 2));
define('F', __file__);
define('G', 'n' . 1 . false . null);
$root_dir = __DIR__;
$webroot_dir = $root_dir . '/web';
$webroot_dir .= '/app';
define('H', $webroot_dir);
define('I', dirname('/var/www/html/'));
