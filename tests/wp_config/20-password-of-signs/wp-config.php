<?php
define('DB_PASSWORD', '\'"\\$x#y?>z//a/*b*/;)');
define("DB_USER", "'\"\\\$x#y?>z//a/*b*/;)");
define('DB_NAME', '<?php define(\'DB_NAME\', \'x\'); ?>');
define('AUTH_KEY', '<<<EOT {$ ${ `ls` \\\\');
$table_prefix = 'wp_';
