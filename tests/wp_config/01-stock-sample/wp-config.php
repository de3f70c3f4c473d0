<?php
/**
 * The base configuration for WordPress
 *
 * define( 'DB_NAME', 'from_a_comment' );
 */

// ** Database settings - You can get this info from your web host ** //
/** The name of the database for WordPress */
define( 'DB_NAME', 'network' );

/** Database username */
define( 'DB_USER', 'network_user' );

/** Database password */
define( 'DB_PASSWORD', 'correct horse' );

/** Database hostname */
define( 'DB_HOST', 'localhost' );

/** Database charset to use in creating database tables. */
define( 'DB_CHARSET', 'utf8mb4' );

/** The database collate type. Don't change this if in doubt. */
define( 'DB_COLLATE', '' );

/**#@+
 * Authentication unique keys and salts.
 */
define( 'AUTH_KEY',         'x{*8|E/=?>Ly#;"~' );
define( 'AUTH_SALT',        '%//a /* b */ # c' );

/**#@-*/

$table_prefix = 'wp_';

define( 'WP_DEBUG', false );

/* Add any custom values between this line and the "stop editing" line. */
define( 'WP_ALLOW_MULTISITE', true );
define( 'MULTISITE', TRUE );
define( 'SUBDOMAIN_INSTALL', True );
define( 'DOMAIN_CURRENT_SITE', 'network.example' );
define( 'PATH_CURRENT_SITE', '/' );
define( 'SITE_ID_CURRENT_SITE', 1 );
define( 'BLOG_ID_CURRENT_SITE', 1 );

/* That's all, stop editing! Happy publishing. */

/** Absolute path to the WordPress directory. */
if ( ! defined( 'ABSPATH' ) ) {
	define( 'ABSPATH', __DIR__ . '/' );
}

/** Sets up WordPress vars and included files. */
require_once ABSPATH . 'wp-settings.php';
define( 'AFTER_WORDPRESS', 'too late' );
