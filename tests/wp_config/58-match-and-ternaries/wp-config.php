<?php
define('A', match (unknown()) { 'x' => 'a', default => 'b' });
define('B', $_SERVER['HTTP_HOST'] === 'x' ? 'a' : 'b');
define('C', null ?? false ?: 'fallback');
define('D', $_SERVER['HTTP_HOST'] ?? 'd');
define('E', 'e');
