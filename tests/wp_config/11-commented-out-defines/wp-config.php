<?php
//define('DB_NAME', 'old');
#define('DB_NAME', 'older');
/* define('DB_NAME', 'oldest'); // */ define('DB_NAME', 'live');
/** define('DB_USER', 'doc'); */
define( /* 'DB_USER', */ 'DB_USER' /* name */ , // value
    'user' # here
);
define('DB_PASSWORD', 'new'); // define('DB_PASSWORD', 'old');
/*
define('DB_HOST', 'db.old');
*/
define('DB_HOST', '127.0.0.1');
# 'an open quote
// and "another
define('DB_CHARSET', 'utf8mb4');
/* define('WU_RUNCLOUD_API_TOKEN', 'x'); */
$table_prefix = 'wp_'; // $table_prefix = 'old_';
