<?php
$table_prefix = 'wp_';
// Ultimate Multisite - Domain Mapping - RunCloud
define( 'WU_RUNCLOUD_API_TOKEN', 'first' );
define( 'WU_RUNCLOUD_APP_ID', '1' );
// Ultimate Multisite - Domain Mapping - RunCloud - End
define( 'WU_RUNCLOUD_API_TOKEN', 'second' );
const WU_RUNCLOUD_APP_ID = '2';
$table_prefix = 'last_';
