<?php
define('A', 'local');
$table_prefix = 'local_';
return;
define('DB_NAME', 'after return');
