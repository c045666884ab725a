/* Family names roughly as often as they are borne: Nguyễn by more than a third. */
#include "platform/identity/demo_names.h"
#include "base/text.h"

static const char *const families[] = { "Nguyễn", "Nguyễn", "Nguyễn", "Nguyễn", "Nguyễn", "Nguyễn",
                                        "Trần",   "Trần",   "Lê",     "Lê",     "Phạm",   "Phạm",
                                        "Huỳnh",  "Huỳnh",  "Võ",     "Phan",   "Trương", "Bùi",
                                        "Đặng",   "Đỗ",     "Ngô",    "Hồ",     "Dương",  "Đoàn",
                                        "Lâm",    "Châu",   "Mai",    "Cao",    "Tạ",     "Lý" };
static const char *const middles_f[] = { "Thị",  "Thị",   "Thị", "Thị Ngọc", "Thị Kim", "Thị Mỹ",
                                         "Ngọc", "Thanh", "Kim", "Bích",     "Thùy",    "Hồng" };
static const char *const middles_m[] = { "Văn",  "Văn",   "Văn", "Hữu",  "Minh", "Thanh",
                                         "Quốc", "Hoàng", "Đức", "Công", "Tấn",  "Chí" };
static const char *const givens_f[] = { "Lan",   "Hoa",  "Hương", "Mai",  "Nga",   "Hạnh",   "Thảo",
                                        "Trang", "Yến",  "Nhung", "Loan", "Diễm",  "Phượng", "Tuyền",
                                        "Vân",   "Xuân", "Dung",  "Hà",   "Linh",  "Ngân",   "Oanh",
                                        "Quyên", "Thắm", "Uyên",  "Vy",   "Trinh", "Liên",   "Cúc" };
static const char *const givens_m[] = { "An",    "Bình",  "Cường", "Dũng",  "Đạt",  "Hải",  "Hiếu",
                                        "Hùng",  "Khánh", "Khoa",  "Lâm",   "Long", "Nam",  "Nghĩa",
                                        "Phong", "Phúc",  "Quân",  "Sơn",   "Tài",  "Tâm",  "Thắng",
                                        "Thịnh", "Toàn",  "Trí",   "Trung", "Tuấn", "Vinh", "Đông" };

/* splitmix64 */
uint64_t demo_random(uint64_t *seed, uint64_t below)
{
    uint64_t z = *seed += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (z ^ z >> 31) % below;
}

#define PICK(list) list[demo_random(seed, sizeof list / sizeof *list)]

DemoPerson demo_person(uint64_t *seed, bool female, int number)
{
    const char *family = PICK(families), *middle = female ? PICK(middles_f) : PICK(middles_m);
    const char *given = female ? PICK(givens_f) : PICK(givens_m);
    int year = 1965 + (int)demo_random(seed, 35);                /* 20th century: digit 4 is 0 or 1 */
    const char *province = demo_random(seed, 2) ? "087" : "082"; /* Đồng Tháp, Tiền Giang */
    return (DemoPerson){ fmt("%s %s %s", family, middle, given),
                         fmt("%s%d%02d%06d", province, female, year % 100, 900000 + number) };
}
