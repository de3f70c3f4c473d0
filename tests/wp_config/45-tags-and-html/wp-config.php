#!/usr/bin/php? define('D', 'x');
<?xml version="1.0"?> define('B', 'html');
<?php define('A', 'a') // define('F', 'x') ?>
define('B', 'it's html');
<?= define('C', 'c'), 'x' ?>
<?php # ?> define('D', 'x');
<?php /* ?> */ define('E', 'e') ?><?php
define('G', 'g');
?>
garbage ' " <<<EOT /* define('F', 'x');
