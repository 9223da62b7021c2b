# 外壳、组件和错误页的文字。
web-name = Attune
web-skip = 跳到正文
web-main-nav = 主导航
web-mobile-nav = 手机导航
web-breadcrumb = 当前位置
web-search = 搜索或跳转
web-menu = 菜单
web-more = 更多
web-theme = 外观
web-theme-auto = 跟随系统
web-theme-light = 浅色
web-theme-dark = 深色
web-settings = 设置
web-sign-out = 退出登录
web-account = 账号
web-save = 保存
web-cancel = 取消
web-close = 关闭
web-dismiss = 关闭提示
web-undo = 撤销
web-optional = （选填）
web-show-password = 显示密码
web-choose = 请选择…
web-select-all = 选择本页全部
web-select-row = 选择{ $name }
web-selected = 已选
web-clear-selection = 取消选择
web-next-page = 后 { $count } 条
web-first-page = 回到第一页
web-remove-filter = 移除筛选：{ $name }
web-confirm = 继续
web-copy = 复制
web-copied = 已复制
web-offline = 网络已断开，页面内容可能不是最新的
web-toast-error = 操作没有成功。重试仍不行时，请把这个编号交给管理员：
web-toast-offline = 连不上服务器，检查网络后重试
web-error-heading =
    { $count ->
       *[other] 有 { $count } 处需要修改
    }
web-score-of = 评分 { $value }，满分 { $max }
web-out-of = { $done } / { $total }
web-time-left = 约剩 { $span }

# 命令面板与快捷键
web-palette = 搜索与跳转
web-palette-hint = 输入名称、页面或操作
web-palette-go = 搜索
web-palette-pages = 页面
web-palette-none = 没有找到“{ $query }”
web-shortcuts = 键盘快捷键
web-shortcuts-intro = 不在输入文字时，单个按键生效
web-shortcut-palette = 搜索与跳转
web-shortcut-find = 在列表中搜索
web-shortcut-help = 本帮助
web-shortcut-move = 下一行、上一行
web-shortcut-select = 选择该行
web-shortcut-undo = 撤销
web-shortcut-submit = 提交表单
web-shortcut-close = 关闭最上层
web-shortcut-go = 前往{ $page }

# 日期与时间
web-month =
    { $month ->
        [1] 1月
        [2] 2月
        [3] 3月
        [4] 4月
        [5] 5月
        [6] 6月
        [7] 7月
        [8] 8月
        [9] 9月
        [10] 10月
        [11] 11月
       *[12] 12月
    }
web-month-short =
    { $month ->
        [1] 1月
        [2] 2月
        [3] 3月
        [4] 4月
        [5] 5月
        [6] 6月
        [7] 7月
        [8] 8月
        [9] 9月
        [10] 10月
        [11] 11月
       *[12] 12月
    }
web-weekday =
    { $weekday ->
        [1] 星期一
        [2] 星期二
        [3] 星期三
        [4] 星期四
        [5] 星期五
        [6] 星期六
       *[7] 星期日
    }
web-date = { $year }年{ web-month-short }{ $day }日
web-date-short = { web-month-short }{ $day }日
web-day = { web-month }{ $day }日 { web-weekday }
web-today = 今天
web-yesterday = 昨天
web-tomorrow = 明天
web-just-now = 刚刚
web-minutes-ago = { $count }分钟前
web-hours-ago = { $count }小时前
web-in-minutes = { $count }分钟后
web-in-hours = { $count }小时后
web-span-ms = { $n }毫秒
web-span-s = { $n }秒
web-span-min = { $n }分
web-span-h = { $n }小时
web-span-d = { $n }天

# 表单错误
web-required = 填写此项
web-too-long = 最多 { $max } 个字
web-not-a-number = 填写数字
web-not-a-date = 填写日期
web-not-an-email = 填写邮箱地址，例如 name@example.com
web-out-of-range = 填写 { $min } 到 { $max } 之间的数字
web-not-a-choice = 从选项中选择一个

# 错误页
web-reference = 编号
web-back-home = 回到首页
web-not-found = 页面不存在
web-not-found-text = 地址可能有误，或内容已被删除、移走
web-forbidden = 你的角色没有此权限
web-forbidden-text = 需要权限“{ $permission }”
web-forbidden-ask = { $names }可以授权
web-cross-site = 请求来自其他网站
web-cross-site-text = 为了安全，没有执行。请重新打开页面再操作一次。
web-bad-request = 无法识别这个请求
web-bad-request-text = 返回并刷新页面后重试
web-method = 这个地址不接受此类请求
web-method-text = 返回后使用页面上的按钮
web-too-large = 内容过大
web-too-large-text = 换一个较小的文件或缩短文字
web-too-many = 尝试次数过多
web-too-many-text = { $seconds }秒后再试
web-conflict = 有人抢先一步
web-busy = 系统正忙
web-busy-text = 没有丢失任何内容，几秒后重试
web-disk-full = 磁盘已满
web-disk-full-text = 没有丢失任何内容，但暂时无法保存。请管理员清理磁盘空间。
web-fault = 系统出了问题
web-fault-text = 已记录。如果再次发生，请把这个编号交给管理员。
web-sign-in-first = 登录后继续
web-not-set-up = 此服务器尚未完成初始设置
web-not-set-up-text = 请在浏览器中打开其地址并创建首位管理员，或运行：attune user create
web-refused = 无法这样操作

# 组件页
web-gallery = 组件
web-gallery-buttons = 按钮
web-gallery-badges = 徽标与头像
web-gallery-fields = 字段
web-gallery-table = 表格
web-gallery-numbers = 数字
web-gallery-states = 状态
web-gallery-email = 工作邮箱
web-gallery-password = 密码
web-gallery-name = 姓名
web-gallery-seats = 席位
web-gallery-seats-hint = 1 到 500
web-gallery-date = 预计成交日期
web-gallery-role = 角色
web-gallery-note = 备注
web-gallery-agree = 给我发送周报
web-gallery-plan = 方案
web-gallery-plan-a = 按月
web-gallery-plan-b = 按年
web-gallery-empty = 还没有会话
web-gallery-empty-text = 接入一个邮箱后，新消息会在几秒内出现在这里
web-gallery-saved = 已保存{ $name }
web-gallery-return = 退回 12 条线索
web-gallery-return-ask = 把 12 条线索退回公海？
web-gallery-return-text = 其他销售可以立即领取。你的备注会留在每条线索上。
web-gallery-import = 正在导入联系人
web-gallery-filter = 评分：40 及以上
web-gallery-win-rate = 赢单率
web-gallery-fit = 匹配度
web-gallery-contact = 联系人
web-gallery-company = 公司
web-gallery-score = 评分
web-gallery-open = 打开
web-gallery-all = 全部
web-gallery-mine = 我的
web-gallery-danger = 删除
web-gallery-quiet = 次要
web-gallery-status-won = 赢单
web-gallery-status-late = 逾期
web-gallery-status-risk = 有风险
