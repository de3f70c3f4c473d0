<?php
$name = 'main';
define('A', "db_$name");
define('B', "db_{$name}_x");
define('C', "${name}-$name");
define('D', "x$unknown");
define('E', "{$config["db"]["name"]}");
define('F', "$config[name]");
define('G', 'after');
