using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ResNet.AspNetCore.Security;
using ResNet.AspNetCore.Serving;

namespace ResNet.AspNetCore;

/// <summary>Registers classifiers with an application.</summary>
public static class ResNetClassifierServices
{
    /// <summary>
    /// Registers an <see cref="IImageClassifier"/>. Its network is opened when the application starts, which fails with a sentence if the
    /// options or the file cannot be used.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="path">The network; see <see cref="ResNetClassifierOptions.Path"/>.</param>
    /// <param name="configure">Sets other options; null for the defaults.</param>
    public static IServiceCollection AddResNetClassifier(
        this IServiceCollection services, string path, Action<ResNetClassifierOptions>? configure = null) =>
        services.AddResNetClassifier(Options.DefaultName, path, configure);

    /// <summary>Registers one of several classifiers, which is a keyed service too.</summary>
    /// <param name="services">The services.</param>
    /// <param name="name">The name: the key of the <see cref="IImageClassifier"/>, and a parameter of <c>MapResNetClassifier</c>.</param>
    /// <param name="path">The network; see <see cref="ResNetClassifierOptions.Path"/>.</param>
    /// <param name="configure">Sets other options; null for the defaults.</param>
    /// <exception cref="InvalidOperationException">There is a classifier of this name already.</exception>
    public static IServiceCollection AddResNetClassifier(
        this IServiceCollection services, string name, string path, Action<ResNetClassifierOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        var options = Add(services, name).Configure(options => options.Path = path);
        if (configure is not null) options.Configure(configure);
        return services;
    }

    /// <summary>Registers a classifier whose options are a section of the configuration.</summary>
    /// <param name="services">The services.</param>
    /// <param name="section">The section, with the names of <see cref="ResNetClassifierOptions"/>.</param>
    /// <param name="name">The name; empty for the default classifier.</param>
    /// <exception cref="InvalidOperationException">There is a classifier of this name already.</exception>
    public static IServiceCollection AddResNetClassifier(this IServiceCollection services, IConfiguration section, string name = "")
    {
        ArgumentNullException.ThrowIfNull(section);
        // A name that is mistyped would be ignored, and with it a key.
        Add(services, name).Bind(section, binder => binder.ErrorOnUnknownConfiguration = true).Validate(
            _ => string.IsNullOrEmpty(section[nameof(ResNetClassifierOptions.ApiKeys)]),
            "ApiKeys has to be a list: the first key is ApiKeys:0 (ApiKeys__0 in the environment).");
        return services;
    }

    private static OptionsBuilder<ResNetClassifierOptions> Add(IServiceCollection services, string name)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(name);
        if (services.Any(service => service.ServiceType == typeof(ClassifierService) && name.Equals(service.ServiceKey)))
        {
            throw new InvalidOperationException(name.Length == 0
                ? "There is a default classifier already: give the others names."
                : $"There is a classifier '{name}' already: give this one another name.");
        }
        services.AddMetrics();
        services.AddAuthorization();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ResNetClassifierOptions>, OptionsValidator>());
        if (!services.Any(service => service.ServiceType == typeof(ApiKeyHandler)))
        {
            // Not AddAuthentication, which writes keys for cookies to disk.
            services.AddAuthenticationCore();
            services.AddWebEncoders();
            services.TryAddSingleton(TimeProvider.System);
            services.PostConfigure<AuthenticationOptions>(KeepDefaultScheme);
            new AuthenticationBuilder(services).AddScheme<AuthenticationSchemeOptions, ApiKeyHandler>(ApiKeyHandler.Scheme, null);
        }
        services.AddKeyedSingleton(name, (provider, _) => new ClassifierKeys(OptionsOf(provider, name).ApiKeys));
        services.AddKeyedSingleton(name, (provider, _) => new ClassifierService(
            name, OptionsOf(provider, name), new Telemetry(provider.GetRequiredService<IMeterFactory>(), name),
            provider.GetRequiredService<ILoggerFactory>().CreateLogger(Telemetry.Name)));
        services.AddKeyedSingleton<IImageClassifier>(name, (provider, _) => ServiceOf(provider, name).Classifier);
        if (name.Length == 0) services.AddSingleton(provider => provider.GetRequiredKeyedService<IImageClassifier>(name));
        services.AddSingleton<IHostedService>(provider => ServiceOf(provider, name));
        services.AddHealthChecks().Add(new HealthCheckRegistration(
            name.Length == 0 ? "resnet" : $"resnet-{name}", provider => ServiceOf(provider, name), failureStatus: null, tags: ["ready"]));
        return services.AddOptions<ResNetClassifierOptions>(name).ValidateOnStart();
    }

    // A single scheme is the default one. That of an application stays so, though there are two now.
    private static void KeepDefaultScheme(AuthenticationOptions options)
    {
        if (options.DefaultScheme is null && options.Schemes.Where(scheme => scheme.Name != ApiKeyHandler.Scheme).ToList() is [var only])
            options.DefaultScheme = only.Name;
    }

    private static ClassifierService ServiceOf(IServiceProvider provider, string name) =>
        provider.GetRequiredKeyedService<ClassifierService>(name);

    private static ResNetClassifierOptions OptionsOf(IServiceProvider provider, string name) =>
        provider.GetRequiredService<IOptionsMonitor<ResNetClassifierOptions>>().Get(name);
}
