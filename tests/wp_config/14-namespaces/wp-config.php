<?php
declare(strict_types=1);
namespace App;
use Some\{One, Two as Three};
use function strlen;
define('DB_NAME', 'global');
\define('DB_USER', 'qualified');
const DB_HOST = 'inner';
define('DB_PASSWORD', DB_HOST);
$table_prefix = 'wp_';
