using System.Globalization;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace ResNet.AspNetCore.Tests.Page;

/// <summary>The page, as a visitor uses it.</summary>
public sealed class PageTests(Networks networks, Browser browser) : IClassFixture<Networks>, IClassFixture<Browser>
{
    private const string Key = "0123456789abcdef0123";

    [BrowserTheory]
    [InlineData(360, 740, ColorScheme.Light)]
    [InlineData(360, 740, ColorScheme.Dark)]
    [InlineData(820, 1180, ColorScheme.Light)]
    [InlineData(820, 1180, ColorScheme.Dark)]
    [InlineData(1440, 900, ColorScheme.Light)]
    [InlineData(1440, 900, ColorScheme.Dark)]
    public async Task A_picture_gets_bars_and_a_heat_map_with_a_slider(int width, int height, ColorScheme scheme)
    {
        await using var service = await Service.StartAsync(networks.First);
        var (page, errors) = await browser.OpenAsync(service.Client.BaseAddress!, width, height, scheme);
        await ShouldBeAccessible(page);
        await page.Locator("#file").SetInputFilesAsync(File(1));
        await Expect(page.Locator("#status")).ToContainTextAsync("class ");
        var expected = Service.Predictions(await service.ClassifyAsync(Service.Picture(1, 120, 90), "?heatMap=true"));
        var bars = page.Locator("#bars > li");
        await Expect(bars).ToHaveCountAsync(expected.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            await Expect(bars.Nth(i).Locator(".name")).ToHaveTextAsync(expected[i].Class);
            string percent = (100 * expected[i].Probability).ToString("0.0", CultureInfo.InvariantCulture);
            await Expect(bars.Nth(i).Locator(".percent")).ToContainTextAsync(percent);
            // The bar's part of its track is the probability.
            float part = (await bars.Nth(i).Locator(".fill").BoundingBoxAsync())!.Width
                / (await bars.Nth(i).Locator(".track").BoundingBoxAsync())!.Width;
            part.Should().BeApproximately((float)expected[i].Probability, 0.02f);
        }
        await page.Locator("#opacity").FillAsync("20");
        (await Opacity(page)).Should().BeApproximately(0.2, 0.01);
        await page.Locator("#opacity").PressAsync("ArrowRight");
        (await Opacity(page)).Should().BeApproximately(0.21, 0.01);
        (await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth")).Should().BeTrue("nothing is cut off");
        await ShouldBeAccessible(page);
        if (Environment.GetEnvironmentVariable("RESNET_SCREENSHOTS") is { } folder)
        {
            string file = Path.Combine(folder, $"{width}-{scheme}.png");
            await page.ScreenshotAsync(new PageScreenshotOptions { Path = file, FullPage = true });
        }
        errors.Should().BeEmpty();
    }

    [BrowserFact]
    public async Task Another_class_gets_its_own_heat_map_by_keyboard()
    {
        await using var service = await Service.StartAsync(networks.First);
        var (page, errors) = await browser.OpenAsync(service.Client.BaseAddress!);
        await page.Locator("#file").SetInputFilesAsync(File(2));
        var second = page.Locator("#bars > li > button").Nth(1);
        await Expect(second).ToHaveAttributeAsync("aria-pressed", "false");
        string? before = await page.Locator("#heat").GetAttributeAsync("src");
        await second.FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(second).ToHaveAttributeAsync("aria-pressed", "true");
        await Expect(page.Locator("#heat")).Not.ToHaveAttributeAsync("src", before!);
        await Expect(page.Locator("#caption")).ToContainTextAsync(await second.Locator(".name").TextContentAsync() ?? "?");
        errors.Should().BeEmpty();
    }

    [BrowserFact]
    public async Task A_map_that_is_the_same_everywhere_is_not_shown()
    {
        await using var service = await Service.StartAsync(networks.Tiny);
        var (page, errors) = await browser.OpenAsync(service.Client.BaseAddress!);
        await page.Locator("#file").SetInputFilesAsync(File(1));
        await Expect(page.Locator("#caption")).ToHaveTextAsync("This network sees the picture as a whole: it does not say where.");
        await Expect(page.Locator("#heat")).ToBeHiddenAsync();
        await Expect(page.Locator("#opacity")).ToBeHiddenAsync();
        await Expect(page.Locator("#bars > li")).ToHaveCountAsync(5);
        errors.Should().BeEmpty();
    }

    [BrowserFact]
    public async Task A_dropped_picture_is_classified()
    {
        await using var service = await Service.StartAsync(networks.First);
        var (page, errors) = await browser.OpenAsync(service.Client.BaseAddress!);
        var data = await page.EvaluateHandleAsync(
            """
            bytes => {
              const data = new DataTransfer();
              data.items.add(new File([Uint8Array.from(bytes)], 'dropped.png', { type: 'image/png' }));
              return data;
            }
            """, Service.Picture(3).Select(value => (int)value).ToArray());
        await page.DispatchEventAsync("body", "drop", new { dataTransfer = data });
        await Expect(page.Locator("#status")).ToContainTextAsync("dropped.png: class ");
        errors.Should().BeEmpty();
    }

    [BrowserFact]
    public async Task The_camera_takes_a_picture()
    {
        await using var service = await Service.StartAsync(networks.First);
        var (page, errors) = await browser.OpenAsync(service.Client.BaseAddress!);
        await page.Locator("#camera").ClickAsync();
        // Playwright's own waiting compiles text, which the page's policy forbids.
        while (await page.EvaluateAsync<int>("document.querySelector('#live').videoWidth") == 0) await Task.Delay(20);
        await page.Locator("#take").ClickAsync();
        await Expect(page.Locator("#bars > li")).ToHaveCountAsync(5);
        errors.Should().BeEmpty();
    }

    [BrowserFact]
    public async Task A_refusal_is_shown_and_the_next_picture_works()
    {
        await using var service = await Service.StartAsync(networks.First);
        var (page, _) = await browser.OpenAsync(service.Client.BaseAddress!);
        await page.Locator("#file").SetInputFilesAsync(new FilePayload { Name = "text.png", MimeType = "image/png", Buffer = [1, 2, 3] });
        await Expect(page.Locator("#error")).ToContainTextAsync("Cannot read the image 'text.png'");
        await ShouldBeAccessible(page);
        await page.Locator("#file").SetInputFilesAsync(File(4));
        await Expect(page.Locator("#bars > li")).ToHaveCountAsync(5);
        await Expect(page.Locator("#error")).ToBeHiddenAsync();
    }

    [BrowserFact]
    public async Task A_key_is_asked_for_where_it_is_needed()
    {
        await using var service = await Service.StartAsync(networks.First, options => options.ApiKeys.Add(Key));
        var (page, _) = await browser.OpenAsync(service.Client.BaseAddress!);
        await page.Locator("#file").SetInputFilesAsync(File(5));
        await Expect(page.Locator("#error")).ToHaveTextAsync("This service needs an API key: send it in the header X-Api-Key.");
        await ShouldBeAccessible(page);
        await page.Locator("#key").FillAsync(Key);
        await page.Locator("#key").PressAsync("Enter");
        await Expect(page.Locator("#bars > li")).ToHaveCountAsync(5);
    }

    [Fact]
    public async Task The_page_refers_to_nothing_outside_and_is_cached()
    {
        await using var service = await Service.StartAsync(
            networks.First, map: app => app.MapResNetPage("/pets", "/classify", "Cats & <dogs>"));
        using var response = await service.Client.GetAsync("/pets");
        string page = await response.Content.ReadAsStringAsync();
        page.Should().NotContain("http:").And.NotContain("https:").And.NotContain("{{").And.Contain("Cats &amp; &lt;dogs&gt;")
            .And.Contain("data-endpoint=\"classify\"");
        response.Headers.GetValues("Content-Security-Policy").Single().Should().Contain("default-src 'none'").And.NotContain("unsafe");
        var again = new HttpRequestMessage(HttpMethod.Get, "/pets");
        again.Headers.IfNoneMatch.Add(response.Headers.ETag!);
        (await service.Client.SendAsync(again)).StatusCode.Should().Be(System.Net.HttpStatusCode.NotModified);
        using var head = await service.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/pets"));
        head.Content.Headers.ContentLength.Should().Be(System.Text.Encoding.UTF8.GetByteCount(page));
        (await service.Client.GetStringAsync("/pets/")).Should().Contain("data-endpoint=\"../classify\"");
    }

    private static FilePayload File(int seed) =>
        new() { Name = "picture.png", MimeType = "image/png", Buffer = Service.Picture(seed, 120, 90) };

    private static Task<double> Opacity(IPage page) =>
        page.EvaluateAsync<double>("Number(getComputedStyle(document.querySelector('#heat')).opacity)");

    private static async Task ShouldBeAccessible(IPage page)
    {
        var result = await page.RunAxe();
        result.Violations.Select(violation => $"{violation.Id}: {violation.Description}").Should().BeEmpty();
    }
}
