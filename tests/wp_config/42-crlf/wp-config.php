<?php
// comment
define('DB_NAME', 'a');
define('DB_USER', 'two
lines');
define('DB_HOST', <<<EOT
here
EOT); # comment
define('DB_PASSWORD', vault());
$table_prefix = 'wp_';
