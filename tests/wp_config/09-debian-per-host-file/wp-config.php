<?php
/***
 * WordPress's Debianised default master config file
 ***/

/* Look up a host-specific config file in
 * /etc/wordpress/config-<host>.php or /etc/wordpress/config-<domain>.php
 */
define('WP_CORE_UPDATE', false);
$debian_server = preg_replace('/:.*/', "", isset($_SERVER['HTTP_HOST']) ? $_SERVER['HTTP_HOST'] : 'localhost');
$debian_server = preg_replace("/[^a-zA-Z0-9.\-]/", "", $debian_server);
$debian_file = '/etc/wordpress/config-'.strtolower($debian_server).'.php';
/* Main site in case of multisite with subdomains */
$debian_main_server = preg_replace("/^[^.]*\./", "", $debian_server);
$debian_main_file = '/etc/wordpress/config-'.strtolower($debian_main_server).'.php';

$host = $_SERVER['HTTP_HOST'];

$debian_file = '/etc/wordpress/config-' . $host . '.php';
require_once($debian_file);

define('DB_NAME', 'unreachable');
$table_prefix = 'wp_';
/* Default value for some constants if they have not yet been set by the host-specific config files */
if (!defined('ABSPATH'))
    define('ABSPATH', '/usr/share/wordpress/');
if (!defined('WP_CONTENT_DIR'))
    define('WP_CONTENT_DIR', '/var/lib/wordpress/wp-content');

require_once(ABSPATH . 'wp-settings.php');
