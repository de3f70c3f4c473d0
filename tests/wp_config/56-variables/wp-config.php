<?php
$a = 'old'; $a = 'new';
define('A', $a);
$b = 'b'; fill($b);
define('B', $b);
[$c, $d] = load();
define('C', $c);
$config = array('db' => array('name' => 'x'));
define('D', $config['db']['name']);
$e = 'kept'; $e ??= 'x'; define('E', $e);
(function () { define('F', 'x'); })();
$GLOBALS['table_prefix'] = 'global_';
