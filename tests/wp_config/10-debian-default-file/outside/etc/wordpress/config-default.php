<?php
define('DB_NAME', 'debian');
define('DB_USER', 'debian');
define('DB_PASSWORD', 'secret');
define('DB_HOST', 'localhost');
define('WP_CONTENT_DIR', '/srv/content');
$table_prefix = 'deb_';
?>
