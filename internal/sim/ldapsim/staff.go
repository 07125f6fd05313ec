package ldapsim

// staff is everybody with an address: uid, given name, surname, department, city, kind of contract.
const staff = `
kschroeder|Katharina|Schröder|Board|Berlin|employee
fgarcon|François|Garçon|Board|Hamburg|employee
jmueller|Jürgen|Müller|IT|Berlin|employee
sweiss|Sönke|Weiß|IT|Hamburg|employee
nlindqvist|Nils|Lindqvist|IT|Berlin|employee
dpetrov|Дмитрий|Петров|IT|Berlin|employee
akaya|Ayşe|Kaya|IT|Hamburg|employee
mguenther|Mareike|Günther|IT|Berlin|employee
tokafor|Tobenna|Okafor|IT|Berlin|employee
yzhang|伟|张|Engineering|Berlin|employee
lsoerensen|Lærke|Sørensen|Engineering|Hamburg|employee
mfaerber|Moritz|Färber|Engineering|Berlin|employee
pnovak|Petr|Novák|Engineering|Berlin|employee
btran|Bích|Trần|Engineering|Hamburg|employee
rodonnell|Róisín|O'Donnell|Engineering|Berlin|employee
aszabo|Ágnes|Szabó|Engineering|Berlin|employee
gioannou|Γιώργος|Ιωάννου|Engineering|Hamburg|employee
jkowalczyk|Józef|Kowalczyk|Engineering|Berlin|employee
mhaidari|مریم|حیدری|Engineering|Berlin|employee
efernandez|Elena|Fernández|Engineering|Hamburg|employee
tvanderberg|Thijs|van der Berg|Engineering|Berlin|employee
snakamura|さくら|中村|Engineering|Berlin|employee
hbrandt|Heike|Brandt|Engineering|Hamburg|employee
owilson|Owen|Wilson|Engineering|Berlin|employee
kjaervinen|Kaisa|Järvinen|Engineering|Hamburg|employee
dcosta|Diogo|Gonçalves da Costa|Engineering|Berlin|employee
rstefansdottir|Ragnheiður|Stefánsdóttir|Engineering|Berlin|intern
lvogel|Lukas|Vogel|Engineering|Hamburg|intern
hduerr|Hannelore|Dürr|Finance|Berlin|employee
mbauer|Matthias|Bauer|Finance|Berlin|employee
cnguyen|Chi|Nguyễn|Finance|Hamburg|employee
apopescu|Ștefania|Popescu|Finance|Berlin|employee
wschmidt|Wolfgang|Schmidt-Lüdemann|Finance|Hamburg|employee
iyilmaz|İbrahim|Yılmaz|Finance|Berlin|employee
ulehmann|Ute|Lehmann|People|Berlin|employee
jdupont|Joëlle|Dupont|People|Hamburg|employee
nrossi|Niccolò|Rossi|People|Berlin|employee
skoenig|Svenja|König|People|Berlin|employee
pjansen|Piet|Jansen|Sales|Hamburg|employee
zhorvat|Željka|Horvat|Sales|Hamburg|employee
mfischer|Manuela|Fischer|Sales|Berlin|employee
agruber|Anton|Gruber|Sales|Berlin|employee
blevi|בן|לוי|Sales|Hamburg|employee
vsilva|Vitória|Silva|Sales|Berlin|employee
tbjork|Tove|Björk|Sales|Hamburg|employee
omeier|Ömer|Meier|Sales|Berlin|employee
gwolf|Greta|Wolf|Sales|Berlin|intern
hkrause|Holger|Krause|Facility|Berlin|employee
rmensah|Rita|Mensah|Facility|Hamburg|employee
pschaefer|Paul|Schäfer|Facility|Berlin|employee
lhoffmann|Lina|Hoffmann|Facility|Hamburg|employee
fbaecker|Florian|Bäcker|Facility|Berlin|contractor
eoezdemir|Elif|Özdemir|Facility|Hamburg|contractor
xlopez|Ximena|López|Engineering|Berlin|contractor
jsmith|John|Smith|IT|Berlin|contractor
anaik|Anaïs|Naïk|Engineering|Hamburg|contractor
kpark|지우|박|Engineering|Berlin|contractor
mboehm|Marlene|Böhm|Finance|Berlin|contractor
dkuznetsov|Денис|Кузнецов|IT|Hamburg|contractor
`
