// Every word of the page, in both languages. Reasons and notes come from the service as they are.

const WORDS = {
  skip: ["跳到结果", "Skip to the results"],
  brand: ["找达人", "Creator match"],
  apiDocs: ["接口文档", "API"],
  otherLanguage: ["English", "中文"],
  factsAsOf: ["数据截至 {day}", "Facts as of {day}"],
  pageTitle: ["找达人", "Creator match"],

  product: ["商品", "Product"],
  fromCatalog: ["我的商品", "My products"],
  newProduct: ["新商品", "New product"],
  pickProduct: ["选择商品", "Choose a product"],
  pickHint: ["搜索名称、类目或编号", "Search title, category or id"],
  pickNothing: ["没有找到商品", "No product found"],
  pickMore: ["加载更多…", "Load more…"],
  pickFirst: ["请先选择一个商品", "Choose a product first"],
  fillIn: ["请填写", "Fill this in"],
  notNumber: ["请输入 {low} 到 {high} 之间的数字", "Enter a number from {low} to {high}"],
  notPositive: ["请输入不小于 0 的数字", "Enter a number of 0 or more"],
  title: ["商品名称", "Title"],
  categoryPath: ["类目", "Category"],
  categoryHint: ["例如 食品/坚果", "For example 食品/坚果"],
  price: ["售价", "Price"],
  commissionPercent: ["佣金 %", "Commission %"],
  marginPercent: ["毛利率 %", "Margin %"],
  forProfit: ["算利润时需要", "Needed for profit"],
  sampleCost: ["样品成本", "Sample cost"],
  scene: ["售卖方式", "Sold as"],
  sceneAny: ["未指定", "Not given"],
  sceneShop: ["店铺发货", "Shop"],
  sceneLocal: ["到店 · 同城", "Local, at a place"],
  sceneService: ["服务 · 小程序", "Service"],
  sceneCity: ["所在城市", "City"],
  forLocal: ["到店类填写", "For local ones"],
  description: ["描述（选填）", "Description (optional)"],

  rankBy: ["按什么排序", "Rank by"],
  objectiveRoi: ["ROI", "ROI"],
  objectiveGmv: ["销售额", "Sales"],
  objectiveProfit: ["利润", "Profit"],
  hintRoi: ["每花 1 元成本带来的退款后销售额", "Sales after refunds per unit of cost"],
  hintGmv: ["接受概率 × 预计退款后销售额", "Chance to accept × expected sales after refunds"],
  hintProfit: ["接受概率 × 预计利润，需要毛利率", "Chance to accept × expected profit; needs a margin"],

  filters: ["筛选", "Filters"],
  creatorCategory: ["达人类目", "Creator’s category"],
  creatorCity: ["达人城市", "Creator’s city"],
  anyAdd: ["不限，输入后回车", "Any; type and press Enter"],
  remove: ["移除 {value}", "Remove {value}"],
  sameCity: ["只看与商品同城", "Same city as the product"],
  followerMin: ["粉丝数 ≥", "Followers ≥"],
  followerMax: ["粉丝数 ≤", "Followers ≤"],
  noLimit: ["不限", "No limit"],
  channel: ["渠道", "Channel"],
  channelAny: ["直播或短视频", "Live or video"],
  live: ["直播", "Live"],
  video: ["短视频", "Video"],
  slotFeeMax: ["坑位费 ≤", "Slot fee ≤"],
  onlyNew: ["只看未合作过的达人", "Only creators new to me"],
  acceptMin: ["接受概率 ≥ %", "Accept ≥ %"],
  roiMin: ["预计 ROI ≥", "ROI ≥"],
  clearFilters: ["清除筛选", "Clear filters"],
  find: ["找达人", "Find creators"],
  howMany: ["数量", "How many"],

  creator: ["达人与合作条件", "Creator and offer"],
  roi: ["预计 ROI", "ROI"],
  roiShort: ["ROI", "ROI"],
  sales: ["退款后销售额", "Settled sales"],
  profit: ["利润", "Profit"],
  chances: ["可能性", "Chances"],
  interval: ["80% 区间", "80% interval"],
  intervalFor: ["80% 区间 {low} – {high}", "80% interval {low} – {high}"],
  breakEven: ["坑位费上限 {fee}", "Break-even fee {fee}"],
  breakEvenTitle: ["坑位费高于 {fee} 就会亏损", "At a slot fee above {fee} it loses money"],
  breakEvenNever: ["坑位费为 0 也亏损", "Loses even without a fee"],
  cost: ["成本 {cost}", "Cost {cost}"],
  marginUnknown: ["毛利率未知", "Margin unknown"],
  accept: ["接受", "Accept"],
  publish: ["发布", "Publish"],
  sale: ["成交", "Sale"],
  timesAccept: ["× 接受 = {value}", "× accept = {value}"],
  followers: ["{count} 粉丝", "{count} followers"],
  followersUnknown: ["粉丝数未知", "followers unknown"],
  unknown: ["未知", "unknown"],
  slotFee: ["坑位费 {fee}", "Slot fee {fee}"],
  noSlotFee: ["无坑位费", "No slot fee"],
  sample: ["样品 {cost}", "Sample {cost}"],
  commission: ["佣金 {rate}", "Commission {rate}"],
  estimated: ["费用为估计", "costs estimated"],
  estimatedTitle: ["部分费用未知，按同类估计", "Some costs are unknown and estimated from the like"],
  degenerate: ["只付佣金，ROI 无法区分", "Commission only: ROI tells nothing"],
  noRoi: ["成本为 0 或更低", "Cost is 0 or less"],
  profitLine: ["ROI {roi} 保本（毛利率 {margin}）", "ROI {roi} breaks even at a margin of {margin}"],
  keyInterval: ["80% 区间与预计值", "80% interval and expectation"],
  keyStages: ["TRUST 各阶段对预计销售额的影响", "Effect of each TRUST stage on expected sales"],

  transform: ["内容转化", "Transform"],
  reach: ["公域触达", "Reach"],
  utilize: ["场景成交", "Utilize"],
  strengthen: ["私域沉淀", "Strengthen"],
  thrive: ["复购成长", "Thrive"],
  why: ["推荐理由", "Why"],
  evidenceTitle: ["对预计销售额的影响", "Effect on expected sales"],
  evidenceOf: ["{stage}：预计销售额 × {factor}", "{stage}: expected sales × {factor}"],

  looking: ["正在为「{product}」找达人…", "Finding creators for “{product}”…"],
  found: ["找到 {count} 位达人", "{count} creators found"],
  foundFor: ["为「{product}」推荐 {count} 位达人", "{count} creators for “{product}”"],
  rankedRoi: ["按预计 ROI 从高到低", "Highest predicted ROI first"],
  rankedGmv: ["按 接受概率 × 预计销售额 从高到低", "Highest chance × sales first"],
  rankedProfit: ["按 接受概率 × 预计利润 从高到低", "Highest chance × profit first"],
  notes: ["请注意", "Please note"],
  nobody: ["没有达人符合这些条件", "No creator passes"],
  nobodyHint: ["放宽筛选后再试。", "Loosen the filters and try again."],
  failed: ["没能得到结果", "There is no answer"],
  unreachable: [
    "连接不到服务。请确认它在运行，然后重试。",
    "The service cannot be reached. Check that it is running, then try again.",
  ],
  retry: ["重试", "Try again"],
  requestId: ["请求编号 {id}", "Request id {id}"],
  listEnd: ["模型版本 {bundle}", "Model version {bundle}"],

  startTitle: ["选一个商品，找到值得合作的达人", "Choose a product to see who should sell it"],
  startText: [
    "每位达人都给出退款后的预计销售额、全部成本和 ROI，并说明理由。",
    "Each creator comes with expected sales after refunds, all costs, ROI, and the reasons.",
  ],
  legendRoi: [
    "ROI = 退款后销售额 ÷ 全部成本（坑位费、样品、佣金、退货），已计入达人不发布的可能。",
    "ROI = sales after refunds ÷ all costs (slot fee, sample, commission, returns), with the chance that nothing is published counted in.",
  ],
  legendInterval: [
    "横条是 80% 区间：发布后的 10 次合作里约有 8 次落在其中。竖线是预计值。",
    "The bar is the 80% interval: about 8 in 10 published collaborations land inside. The tick is the expectation.",
  ],
  legendStages: [
    "TRUST 五个阶段说明每一段把预计销售额推高还是拉低。",
    "The five TRUST stages show what raises or lowers expected sales.",
  ],
};

export const LANGUAGES = ["zh", "en"];
const KEPT = "language";

let language = startLanguage();

function startLanguage() {
  const kept = localStorage.getItem(KEPT);
  if (LANGUAGES.includes(kept)) return kept;
  return navigator.language.toLowerCase().startsWith("en") ? "en" : "zh";
}

export function currentLanguage() {
  return language;
}

export function switchLanguage() {
  language = language === "zh" ? "en" : "zh";
  localStorage.setItem(KEPT, language);
}

// The words for a key, with {names} filled in.
export function say(key, values = {}) {
  const words = WORDS[key][LANGUAGES.indexOf(language)];
  return words.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

// Put the words where the document names them.
export function translate(root) {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const node of root.querySelectorAll("[data-text]")) node.textContent = say(node.dataset.text);
  for (const node of root.querySelectorAll("[data-placeholder]")) node.placeholder = say(node.dataset.placeholder);
  for (const node of root.querySelectorAll("[data-label]")) node.setAttribute("aria-label", say(node.dataset.label));
}
