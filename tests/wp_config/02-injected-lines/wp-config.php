<?php
$table_prefix = 'wp_';
define( 'SUNRISE', true );                        // Automatically injected by Ultimate Multisite;
define( 'WU_RUNCLOUD_API_TOKEN', 'tok\'en' );     // Automatically injected by Ultimate Multisite;
define( 'WU_RUNCLOUD_SERVER_ID', '12' );          // Automatically injected by Ultimate Multisite;
define( 'WU_RUNCLOUD_APP_ID', 34 );               // Automatically injected by Ultimate Multisite;
