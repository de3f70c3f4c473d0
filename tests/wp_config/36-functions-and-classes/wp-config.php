<?php
function unused(&$a, ?string $b = null): ?string { define('DB_NAME', 'f'); define('DB_USER', 'f'); $table_prefix = 'f_'; if ($a) { return "}"; } return null; }
abstract class Site { const DB_NAME = 'c'; public function go() { define('DB_USER', 'm'); } }
final class Other extends Site implements \Countable { use Something; }
interface Named { const DB_NAME = 'i'; }
#[Attribute(flags: 1)]
enum Mode: string { case Live = 'live'; }
if (!function_exists('helper')) { function helper() { return 'define('; } }
$callback = function ($x) use ($table_prefix) { return $x; };
define('DB_NAME', 'live');
define('DB_PASSWORD', vault('db/password'));
define('AUTH_KEY', $container->service['x']->get('key', ['a' => fn($x) => $x + 1]));
define('DB_HOST', 'x');
$table_prefix = 'wp_';
