<?php
/**
 * Configuration overrides for WP_ENV === 'staging'
 */

use Roots\WPConfig\Config;

Config::define('WP_DEBUG_LOG', true);
Config::define('DISALLOW_INDEXING', true);
