<?php
define('A', env('YES'));
define('B', Env\env('NO'));
define('C', \Env\env('NOTHING'));
define('D', env('NUMBER'));
define('E', Env::get('QUOTED'));
define('F', env('MISSING') ?? 'default');
define('G', env('WORD'));
define('H', env('NO') ?: env('YES'));
define('I', env('MISSING', 'x'));
define('J', env('SPACES'));
