<?php
define('PREFIX', 'net');
define('DB_NAME', PREFIX . '_main');
define('DB_PASSWORD', VAULT_PASSWORD);
define('ABSPATH', __DIR__ . '/');
define('WP_CONTENT_DIR', ABSPATH . 'wp-content');
define('X', constant('PREFIX'));
