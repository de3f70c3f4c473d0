<?php
putenv('A=changed');
$_ENV['B'] = 'changed';
define('A', getenv('A'));
define('B', $_ENV['B'] ?? 'default');
define('C', getenv('C'));
