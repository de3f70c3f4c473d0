<?php
const DB_NAME = 'a';
CONST DB_USER = 'b', DB_HOST = DB_NAME . '.example';
const WU_RUNCLOUD_APP_ID = 7;
class Settings { const DB_NAME = 'class'; const DB_PASSWORD = 'class'; }
