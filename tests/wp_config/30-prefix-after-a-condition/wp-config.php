<?php
$table_prefix = 'wp_';
if (is_staging()) { define('DB_NAME', 'a'); $table_prefix = 'staging_'; }
define('DB_NAME', 'b');
define('DB_USER', 'b');
$table_prefix = 'certain_';
