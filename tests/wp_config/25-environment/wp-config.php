<?php
define('A', getenv('SET'));
define('B', getenv("SET", true));
define('C', $_ENV['SET']);
define('D', $_SERVER['SET']);
define('E', getenv('MISSING') ?: 'default');
define('F', $_ENV['MISSING'] ?? 'default');
define('G', getenv('SET') ? getenv('SET') : 'default');
define('H', isset($_ENV['MISSING']) ? $_ENV['MISSING'] : 'default');
define('I', getenv('MISSING'));
define('J', 'prefix' . $_SERVER['MISSING']);
define('K', $_SERVER['MISSING'] ?? $_ENV['MISSING'] ?? 'default');
define('L', false !== getenv('MISSING') ? getenv('MISSING') : 'default');
define('M', getenv('MISSING') ?? 'default'); // PHP's getenv gives false, not null
define('N', empty(getenv('MISSING')) ? 'default' : getenv('MISSING'));
define('O', $_SERVER['HTTP_HOST']);
define('P', $_SERVER['DOCUMENT_ROOT'] . '/x');
define('Q', getenv('IN_FILE'));
