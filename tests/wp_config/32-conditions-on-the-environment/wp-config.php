<?php
if (getenv('APP_ENV') == 'staging') { define('DB_NAME', 'staging'); } else { define('DB_NAME', 'live'); }
if (isset($_SERVER['LOCAL_DEV'])) { define('DB_HOST', 'dev'); } else { define('DB_HOST', 'live'); }
if (env('DEBUG')) { define('WP_DEBUG', true); }
switch ($_ENV['APP_ENV']) {
    case 'staging': define('DB_USER', 'staging'); break;
    default: define('DB_USER', 'live');
}
