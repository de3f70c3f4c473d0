<?php
defined('ABSPATH') || exit;
if (!defined('WPINC')) { die('no direct access'); }
define('A', 'a');
if ($_GET['x']) exit(1);
define('B', 'b');
exit;
define('C', 'c');
