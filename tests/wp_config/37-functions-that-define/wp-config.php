<?php
function set_constant($name, $value) { defined($name) || define($name, $value); }
define('DB_NAME', 'before');
set_constant('DB_USER', 'x');
define('DB_HOST', 'after');
