<?php
$debian_file = '/etc/wordpress/config-default.php';
if (file_exists($debian_file)) {
    require_once($debian_file);
    define('DEBIAN_FILE', $debian_file);
} else {
    header("HTTP/1.0 404 Not Found");
    echo "Neither <b>$debian_file</b> could be found.";
    exit(1);
}
if (!defined('ABSPATH'))
    define('ABSPATH', '/usr/share/wordpress/');
if (!defined('WP_CONTENT_DIR'))
    define('WP_CONTENT_DIR', '/var/lib/wordpress/wp-content');
require_once(ABSPATH . 'wp-settings.php');
