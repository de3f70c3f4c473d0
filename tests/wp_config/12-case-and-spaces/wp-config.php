<?PHP
DEFINE('DB_NAME','a');
Define  (
  "DB_USER"
  ,
  "b"
)  ;
\define('DB_PASSWORD', 'c');define('DB_HOST','d', true);
