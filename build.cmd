@echo off
rem Installs what is missing and does one of two jobs:
rem   build train [OPTION...]   trains ResNet-18 on Fashion-MNIST; takes the options of 'resnet train'
rem   build test  [OPTION...]   runs every test, with --long as the first option those that take
rem                             many minutes, too; other options go to 'dotnet test'
setlocal
cd /d "%~dp0"
set DOTNET_CLI_TELEMETRY_OPTOUT=1
set DOTNET_NOLOGO=1

if /i "%~1"=="train" goto setup
if /i "%~1"=="test" goto setup
echo Give a job: build train [OPTION...] or build test [OPTION...]
exit /b 1

:setup
where dotnet >nul 2>nul
if errorlevel 1 (
  echo build: The .NET SDK 10 is missing: https://dotnet.microsoft.com/download says how to install it.
  exit /b 1
)
set job=%~1
set options=
for /f "tokens=1,*" %%a in ("%*") do set options= %%b
if /i "%job%"=="test" if "%~2"=="--long" (
  set RESNET_LONG_TESTS=1
  set options=
  for /f "tokens=1,2,*" %%a in ("%*") do set options= %%c
)
rem TorchSharp 0.107.0 does not load on Windows (dotnet/TorchSharp issue 1567). MSBuild takes the variable as a property.
if not defined TorchSharpVersion set TorchSharpVersion=0.106.0
if /i "%job%"=="test" goto test

echo Building the command resnet
dotnet build src\ResNet.Cli -c Release --nologo -v quiet
if errorlevel 1 exit /b 1
artifacts\bin\ResNet.Cli\release\resnet.exe train%options%
exit /b %errorlevel%

:test
echo Building everything
dotnet build ResNet.sln -c Release --nologo -v quiet
if errorlevel 1 exit /b 1
dotnet build tests\ResNet.Packages.Tests -c Release --nologo -v quiet
if errorlevel 1 exit /b 1
set result=0
for %%p in (ResNet.Imaging.Tests ResNet.Inference.Tests ResNet.Cli.Tests ResNet.Core.Tests ResNet.Training.Tests ResNet.Packages.Tests ResNet.Parity.Tests) do (
  dotnet test tests\%%p -c Release --no-build --nologo%options%
  if errorlevel 1 set result=1
)
exit /b %result%
